import "graphiql/setup-workers/vite";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { useMemo } from "react";

import { EXAMPLES_PLUGIN } from "./Examples";
import { examples } from "./examples";
import { createFetcher } from "./fetcher";
import { storage } from "./storage";

import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./workbench.css";

const PLUGINS = [EXAMPLES_PLUGIN, explorerPlugin({ showAttribution: false }), HISTORY_PLUGIN];

/** GraphiQL as one bearer of a token sees the gateway. */
export default function Workbench({ token }: { token: string }) {
  const fetcher = useMemo(() => createFetcher(token), [token]);
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      visiblePlugin={EXAMPLES_PLUGIN}
      defaultQuery={examples[0]?.document ?? ""}
      defaultEditorToolsVisibility={false}
      inputValueDeprecation
      schemaDescription
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
      storage={storage}
    >
      <GraphiQL.Logo>
        <span />
      </GraphiQL.Logo>
    </GraphiQL>
  );
}
