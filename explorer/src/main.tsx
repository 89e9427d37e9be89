import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import "./shell.css";

// GraphiQL sets this class itself once it is there; the sign-in page should not differ from it.
const theme = localStorage.getItem("graphiql:theme");
if (theme === "light" || theme === "dark") {
  document.body.classList.add(`graphiql-${theme}`);
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
