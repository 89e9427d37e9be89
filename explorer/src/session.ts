/** Who is signed in: kept in this tab's sessionStorage and nowhere else. */
import { useSyncExternalStore } from "react";

import { cleanToken, isExpired, readIdentity, UnreadableToken, type Identity } from "./token";

export interface Session {
  token: string;
  identity: Identity;
  /** The demo role it was picked by; null for a pasted token. */
  demoRole: string | null;
}

export interface SessionState {
  session: Session | null;
  /** Why the last session ended or could not begin. */
  notice: string | null;
}

const KEY = "gateway:session";
const listeners = new Set<() => void>();
let state: SessionState = { session: restore(), notice: null };

export function useSession(): SessionState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

export function signIn(pasted: string, demoRole: string | null = null): void {
  try {
    const token = cleanToken(pasted);
    const identity = readIdentity(token);
    if (isExpired(identity, new Date())) {
      throw new UnreadableToken(`This token expired at ${identity.expiresAt?.toLocaleString()}.`);
    }
    sessionStorage.setItem(KEY, JSON.stringify({ token, demoRole }));
    change({ session: { token, identity, demoRole }, notice: null });
  } catch (error) {
    if (!(error instanceof UnreadableToken)) {
      throw error;
    }
    signOut(error.message);
  }
}

export function signOut(notice: string | null = null): void {
  sessionStorage.removeItem(KEY);
  change({ session: null, notice });
}

function change(next: SessionState): void {
  state = next;
  listeners.forEach((listener) => listener());
}

function restore(): Session | null {
  const stored = sessionStorage.getItem(KEY);
  if (stored === null) {
    return null;
  }
  try {
    const { token, demoRole } = JSON.parse(stored) as { token: string; demoRole: string | null };
    return { token, demoRole, identity: readIdentity(token) };
  } catch {
    sessionStorage.removeItem(KEY);
    return null;
  }
}
