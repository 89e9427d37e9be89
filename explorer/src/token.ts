/** What a token says about its bearer; the gateway alone decides whether it is true. */
export interface Identity {
  subject: string;
  roles: string[];
  scopes: string[];
  expiresAt: Date | null;
}

/** A text that can't be a token of the gateway; the message is for the person who pasted it. */
export class UnreadableToken extends Error {}

/** The bare token, where the whole header or stray white space was pasted. */
export function cleanToken(pasted: string): string {
  return pasted.trim().replace(/^(authorization:\s*)?bearer\s+/i, "").replace(/\s+/g, "");
}

/** Reads the payload of a JSON Web Token without checking its signature. */
export function readIdentity(token: string): Identity {
  const parts = token.split(".");
  const payload = parts[1];
  if (parts.length !== 3 || !payload) {
    throw new UnreadableToken("This is not a token: a JSON Web Token has three parts with dots between them.");
  }
  const claims = parseClaims(payload);
  return {
    subject: typeof claims["sub"] === "string" ? claims["sub"] : "unknown",
    roles: words(claims["roles"]),
    scopes: words(claims["scope"]),
    expiresAt: typeof claims["exp"] === "number" ? new Date(claims["exp"] * 1000) : null,
  };
}

export function isExpired(identity: Identity, now: Date): boolean {
  return identity.expiresAt !== null && identity.expiresAt <= now;
}

function parseClaims(payload: string): Record<string, unknown> {
  try {
    const binary = atob(payload.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims === "object" && claims !== null && !Array.isArray(claims)) {
      return claims as Record<string, unknown>;
    }
  } catch {
    // Answered below, as any payload that is not an object.
  }
  throw new UnreadableToken("The middle part of this token can't be read. Was it copied whole?");
}

function words(claim: unknown): string[] {
  if (typeof claim === "string") {
    return claim.split(" ").filter(Boolean);
  }
  return Array.isArray(claim) ? claim.filter((word): word is string => typeof word === "string") : [];
}
