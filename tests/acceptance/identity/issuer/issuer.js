// An OpenID Connect issuer: oidc-provider, with its own pages for login and consent. What it is told is JSON in its one argument.
// It writes a line to stdout for each request, and "listening" before the first.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const told = JSON.parse(process.argv[2]);
const log = (line) => process.stdout.write(`${line}\n`);
const claims = (id) => told.people[id] ?? {};

const provider = new Provider(told.issuer, {
  clients: told.clients,
  enabledJWA: { idTokenSigningAlgValues: told.keys.map((key) => key.alg) },
  clientDefaults: { id_token_signed_response_alg: told.keys[0].alg },
  jwks: { keys: told.keys }, // the first one signs, and all are published
  cookies: { keys: ["of no worth"] },
  pkce: { required: () => true },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  // RFC 9068: a JWT for the desk, whose roles stand at its top level.
  extraTokenClaims: (ctx, token) => claims(token.accountId ?? token.clientId),
  ttl: { AccessToken: 3600, ClientCredentials: 3600, AuthorizationCode: 60, IdToken: 3600, Grant: 3600, Interaction: 600, Session: 3600 },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => told.resource,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => ({
        scope: "desk",
        audience: resource === told.resource ? told.audience : resource,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: told.keys[0].alg } },
      }),
    },
  },
});
provider.on("server_error", (ctx, error) => log(`error ${error.stack}`));

const answer = provider.callback();
createServer((request, response) => {
  log(`${request.method} ${request.url}`);
  answer(request, response);
}).listen(told.port, "127.0.0.1", () => log("listening"));
