/** The questions in explorer/examples: a title and a purpose in the first two comment lines, then the document. */
const files = import.meta.glob<string>("../examples/*.graphql", { query: "?raw", import: "default", eager: true });

export interface Example {
  title: string;
  purpose: string;
  document: string;
}

export const examples: Example[] = Object.entries(files)
  .sort(([one], [other]) => one.localeCompare(other))
  .map(([, text]) => {
    const [title = "", purpose = ""] = text.split("\n", 2).map((line) => line.replace(/^#\s*/, ""));
    return { title, purpose, document: text };
  });
