/** Tokens by role, which only an embedded gateway gives away. */
import { signIn, signOut } from "./session";

export interface DemoToken {
  role: string;
  label: string;
  token: string;
}

/** Null where the gateway has none to give, as in production. */
export async function fetchDemoTokens(): Promise<DemoToken[] | null> {
  try {
    const response = await fetch("/graphql/explorer/demo-tokens", { credentials: "omit" });
    return response.ok ? ((await response.json()) as DemoToken[]) : null;
  } catch {
    return null;
  }
}

/** Asks for a fresh token each time: the one listed earlier may have expired. */
export async function signInAs(role: string): Promise<void> {
  const tokens = await fetchDemoTokens();
  const demo = tokens?.find((candidate) => candidate.role === role);
  if (demo) {
    signIn(demo.token, role);
  } else {
    signOut(`The gateway has no demo token for the role ${role}. Is it still running?`);
  }
}
