import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from "@graphiql/react";
import { parse, validate, type GraphQLSchema } from "graphql";

import { examples, type Example } from "./examples";

export const EXAMPLES_PLUGIN: GraphiQLPlugin = { title: "Examples", icon: LightbulbIcon, content: Examples };

function Examples() {
  const schema = useGraphiQL((state) => state.schema);
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const { addTab } = useGraphiQLActions();

  const open = (example: Example) => {
    if (queryEditor?.getValue().trim()) {
      addTab();
    }
    queryEditor?.setValue(example.document);
    queryEditor?.focus();
  };

  return (
    <section className="examples" aria-label="Examples">
      <h2>Example questions</h2>
      <ul>
        {examples.map((example) => {
          const isBeyond = schema ? !isAnswerable(example, schema) : false;
          return (
            <li key={example.title} className={isBeyond ? "beyond" : undefined}>
              <button type="button" onClick={() => open(example)}>
                <strong>{example.title}</strong>
                <span>{example.purpose}</span>
                {isBeyond && <em>Asks for more than this role may see.</em>}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Whether the schema of the one signed in, which holds only what that role may see, has all that is asked for. */
function isAnswerable(example: Example, schema: GraphQLSchema): boolean {
  return validate(schema, parse(example.document)).length === 0;
}

function LightbulbIcon() {
  return (
    <svg viewBox="0 0 24 24" height="1em" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
      <path d="M9 18h6M10 21h4M8.5 15c-1.6-1.2-2.5-3-2.5-5a6 6 0 0 1 12 0c0 2-.9 3.8-2.5 5z" />
    </svg>
  );
}
