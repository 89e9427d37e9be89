import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";

import { signOut } from "./session";

/** Sends operations to the gateway as the bearer of one token. */
export function createFetcher(token: string): Fetcher {
  return createGraphiQLFetcher({
    url: "/graphql",
    headers: { Authorization: `Bearer ${token}` },
    enableIncrementalDelivery: false,
    fetch: send,
  });
}

async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, { ...init, credentials: "omit", cache: "no-store" }).catch(() => {
    throw new Error("The gateway does not answer. Is it running?");
  });
  if (!response.headers.get("content-type")?.includes("json")) {
    throw new Error(`The gateway answered ${response.status} ${response.statusText} without JSON.`);
  }
  if (response.status === 401) {
    signOut(`The gateway refused this token: ${await firstMessage(response.clone())}`);
  }
  return response;
}

async function firstMessage(response: Response): Promise<string> {
  try {
    const { errors } = (await response.json()) as { errors?: { message?: string }[] };
    return errors?.[0]?.message ?? "no reason given";
  } catch {
    return "no reason given";
  }
}
