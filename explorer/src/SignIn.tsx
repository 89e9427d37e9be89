import { useState, type FormEvent } from "react";

import { signInAs, type DemoToken } from "./demo";
import { signIn } from "./session";

export function SignIn({ notice, demoTokens }: { notice: string | null; demoTokens: DemoToken[] | null }) {
  return (
    <section className="sign-in">
      <h2>Sign in to explore</h2>
      <p>
        What you can see and ask depends on who you are, so the schema is read after you sign in. The token stays in
        this browser tab and is forgotten with it.
      </p>
      {notice && (
        <p className="notice" role="alert">
          {notice}
        </p>
      )}
      {demoTokens && <DemoRoles demoTokens={demoTokens} />}
      <PasteToken />
    </section>
  );
}

function DemoRoles({ demoTokens }: { demoTokens: DemoToken[] }) {
  return (
    <>
      <h3>Demo roles of this development gateway</h3>
      <ul className="roles">
        {demoTokens.map(({ role, label }) => (
          <li key={role}>
            <button type="button" onClick={() => void signInAs(role)}>
              <strong>{role}</strong>
              <span>{label}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function PasteToken() {
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setToken("");
    signIn(token);
  };
  return (
    <form onSubmit={submit}>
      <label htmlFor="token">Paste a token</label>
      <div className="paste">
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          placeholder="eyJ…"
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" className="primary" disabled={token.trim() === ""}>
          Sign in
        </button>
      </div>
    </form>
  );
}
