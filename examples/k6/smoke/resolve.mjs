// Puts our own modules in the place of k6's.
const ours = { k6: './k6.mjs', 'k6/http': './http.mjs', 'k6/metrics': './metrics.mjs' };

export function resolve(specifier, context, next) {
  const file = ours[specifier];
  return file ? { url: new URL(file, import.meta.url).href, shortCircuit: true } : next(specifier, context);
}
