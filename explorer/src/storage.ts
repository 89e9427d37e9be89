/**
 * Where GraphiQL keeps its things. What a person prefers outlives the tab; documents, variables, headers and their
 * history, which may hold personal data or a token, end with it.
 */
const PREFERENCES = /^graphiql:(theme|visiblePlugin|\w+Flex)$/;

function placeOf(key: string): Storage {
  return PREFERENCES.test(key) ? localStorage : sessionStorage;
}

function graphiqlKeys(storage: Storage): string[] {
  return Object.keys(storage).filter((key) => key.startsWith("graphiql:"));
}

export const storage = {
  get length(): number {
    return graphiqlKeys(localStorage).length + graphiqlKeys(sessionStorage).length;
  },
  getItem: (key: string): string | null => placeOf(key).getItem(key),
  setItem: (key: string, value: string): void => placeOf(key).setItem(key, value),
  removeItem: (key: string): void => placeOf(key).removeItem(key),
  clear(): void {
    for (const place of [localStorage, sessionStorage]) {
      graphiqlKeys(place).forEach((key) => place.removeItem(key));
    }
  },
};
