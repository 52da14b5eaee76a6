// Renders templates as Backstage's fetch:template does: with Nunjucks as its releases up to 2025 configure it, or with
// Nunjitsu, which later ones use; and validates template entities with Backstage's published validator.
// stdin: {"engine": "nunjucks" | "nunjitsu", "runs": [{"steps": [{"folder", "files": {path: text}, "values", "if"}], "parameters"}],
//         "entities": [entity, …], "terraform": [text, …]}
// stdout: {"runs": [{path: text}, …], "entities": [null or message, …], "terraform": [text as terraform fmt writes it, …]}
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const asked = JSON.parse(await new Response(process.stdin).text());

function renderer() {
  if (asked.engine === "nunjitsu") {
    const engine = require("nunjitsu").createTemplateRenderer({ allowRegexExecution: true });
    return (text, context) => engine.render(text, context);
  }
  const nunjucks = require("nunjucks");
  const engine = new nunjucks.Environment(null, {
    autoescape: false,
    tags: { variableStart: "${{", variableEnd: "}}" },
  });
  return (text, context) => engine.renderString(text, context);
}

const render = renderer();
const runs = asked.runs.map(({ steps, parameters }) => {
  const made = {};
  for (const step of steps) {
    if (step.if && render(step.if, { parameters }) !== "true") continue;
    const values = Object.fromEntries(
      Object.entries(step.values).map(([name, text]) => [name, render(text, { parameters })]),
    );
    for (const [path, text] of Object.entries(step.files)) {
      made[render(path, { values })] = render(text, { values });
    }
  }
  return made;
});

const { templateEntityV1beta3Validator } = require("@backstage/plugin-scaffolder-common");
const entities = [];
for (const entity of asked.entities) {
  try {
    entities.push((await templateEntityV1beta3Validator.check(entity)) ? null : "is no template");
  } catch (error) {
    entities.push(error.message);
  }
}
const terraform = [];
for (const text of asked.terraform) terraform.push(await require("@cdktf/hcl-tools").format(text));
process.stdout.write(JSON.stringify({ runs, entities, terraform }), () => process.exit(0));
