import { useEffect, useState } from "react";

import { signInAs, type DemoToken } from "./demo";
import icon from "./icon.svg";
import { signOut, type Session } from "./session";
import { isExpired, type Identity } from "./token";

export function Bar({ session, demoTokens }: { session: Session | null; demoTokens: DemoToken[] | null }) {
  return (
    <header className="bar">
      <img src={icon} alt="" />
      <h1>Cienty gateway</h1>
      {session && (
        <div className="bearer">
          {demoTokens && <RolePicker demoTokens={demoTokens} chosen={session.demoRole} />}
          {!(demoTokens && session.demoRole) && <Roles identity={session.identity} />}
          <Bearer identity={session.identity} />
          <button type="button" onClick={() => signOut()}>
            Sign out
          </button>
        </div>
      )}
    </header>
  );
}

function Roles({ identity }: { identity: Identity }) {
  return <span className="role">{identity.roles.join(", ") || "no role"}</span>;
}

function Bearer({ identity }: { identity: Identity }) {
  const now = useNow();
  return (
    <>
      <span title={identity.scopes.length ? `Scopes: ${identity.scopes.join(" ")}` : "The token's subject"}>
        {identity.subject}
      </span>
      {identity.expiresAt && (
        <span
          className={isExpired(identity, now) ? "expiry expired" : "expiry"}
          title={identity.expiresAt.toLocaleString()}
        >
          {isExpired(identity, now) ? "expired: sign in again" : `until ${clock(identity.expiresAt, now)}`}
        </span>
      )}
    </>
  );
}

function RolePicker({ demoTokens, chosen }: { demoTokens: DemoToken[]; chosen: string | null }) {
  return (
    <select
      className={chosen ? "role" : undefined}
      aria-label="Demo role"
      value={chosen ?? ""}
      onChange={(event) => void signInAs(event.target.value)}
    >
      {chosen === null && <option value="">switch to…</option>}
      {demoTokens.map(({ role }) => (
        <option key={role} value={role}>
          {role}
        </option>
      ))}
    </select>
  );
}

/** The time, renewed often enough to show that a token has expired. */
function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 15_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function clock(moment: Date, now: Date): string {
  const time = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return moment.toDateString() === now.toDateString() ? time : `${moment.toLocaleDateString()} ${time}`;
}
