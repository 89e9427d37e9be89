// PostGraphile 5 as its documentation advises for production: no Ruru, no explain, no watching, NODE_ENV=production.
// Documents, plans and prepared statements are cached, as it does by itself. Its own option that writes answers
// straight as text is on: it is faster.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const { DATABASE_URL, PORT, POOL_SIZE } = process.env;

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: DATABASE_URL,
      schemas: ["public", "bench"],
      poolConfig: { max: Number(POOL_SIZE) },
    }),
  ],
  grafserv: { graphiql: false, graphiqlOnGraphQLGET: false, watch: false, outputDataAsString: true },
  grafast: { explain: false },
});

const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(PORT), "127.0.0.1");
