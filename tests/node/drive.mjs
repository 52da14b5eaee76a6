// Drives the published Tech Insights client, unmodified, as a portal's front end does.
// stdin: {"url": base of the plugin, "token": text or null, "calls": [[method, [arguments]], …]}
// stdout: {"answers": [{"value"} or {"error": {"message", "status", "body"}}, …], "requests": [{"method", "path", "body", "headers"}, …]}
import { TechInsightsClient } from "@backstage-community/plugin-tech-insights-common/client";

const asked = JSON.parse(await new Response(process.stdin).text());
const requests = [];
const realFetch = globalThis.fetch;
globalThis.fetch = async request => {
  const body = request.method === "GET" ? null : JSON.parse(await request.clone().text());
  const path = request.url.slice(asked.url.length);
  requests.push({ method: request.method, path, body, headers: Object.fromEntries(request.headers) });
  return realFetch(request);
};

const client = new TechInsightsClient({
  discoveryApi: { getBaseUrl: async () => asked.url },
  identityApi: { getCredentials: async () => ({ token: asked.token ?? undefined }) },
});

const answers = [];
for (const [method, args] of asked.calls) {
  try {
    answers.push({ value: await client[method](...args.map(one => one ?? undefined)) });
  } catch (error) {
    answers.push({ error: { message: error.message, status: error.statusCode, body: error.body } });
  }
}
process.stdout.write(JSON.stringify({ answers, requests }), () => process.exit(0));
