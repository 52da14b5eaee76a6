// A Backstage backend with nothing but the catalog and Tech Insights, unmodified: the peer of bench/serving.py.
const { createBackend } = require('@backstage/backend-defaults');

const backend = createBackend();
for (const name of [
  '@backstage/plugin-catalog-backend',
  '@backstage-community/plugin-tech-insights-backend',
  '@backstage-community/plugin-tech-insights-backend-module-jsonfc',
]) {
  const part = require(name);
  backend.add(part.default ?? part);
}
backend.start();
