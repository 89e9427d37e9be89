import { lazy, Suspense, useEffect, useState } from "react";

import { Bar } from "./Bar";
import { fetchDemoTokens, type DemoToken } from "./demo";
import { useSession } from "./session";
import { SignIn } from "./SignIn";

// The editor is large: it is fetched once somebody is signed in.
const Workbench = lazy(() => import("./Workbench"));

export function App() {
  const { session, notice } = useSession();
  const [demoTokens, setDemoTokens] = useState<DemoToken[] | null>(null);

  useEffect(() => {
    void fetchDemoTokens().then(setDemoTokens);
  }, []);

  return (
    <>
      <Bar session={session} demoTokens={demoTokens} />
      <main>
        {session ? (
          <Suspense fallback={<p className="loading">Loading the editor…</p>}>
            {/* A new key for a new bearer: nothing of what another one saw may stay. */}
            <Workbench key={session.token} token={session.token} />
          </Suspense>
        ) : (
          <SignIn notice={notice} demoTokens={demoTokens} />
        )}
      </main>
    </>
  );
}
