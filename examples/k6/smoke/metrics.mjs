// k6/metrics, the built-in metrics that thresholds of ours name, and thresholds.
const values = new Map([
  ['checks', []],
  ['http_reqs', []],
  ['http_req_failed', []],
  ['http_req_duration', []],
  ['dropped_iterations', []], // only arrival rates drop any
]);

/** The outcome of each check by name. */
export const checks = new Map();

export function add(metric, value) {
  values.get(metric).push(value);
}

export function addCheck(name, ok) {
  add('checks', ok);
  const c = checks.get(name) ?? { passes: 0, fails: 0 };
  c[ok ? 'passes' : 'fails']++;
  checks.set(name, c);
}

export const count = (metric) => values.get(metric).length;

export class Rate {
  constructor(name) {
    values.set(name, []);
    this.add = (value) => add(name, Boolean(value));
  }
}

// Limits in milliseconds are for load on a machine of its own. Here they only have
// to be limits.
const slack = 20;

const compare = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
};

/** Thresholds that do not hold, with what was measured; one that cannot be read, or is
 * about a metric that there is none of, does not hold. */
export function broken(thresholds) {
  const wrong = [];
  for (const [metric, limits] of Object.entries(thresholds)) {
    for (const limit of limits) {
      const [, aggregate, sign, number] = /^(rate|count|avg|med|max|p\(\d+\)) *(<=|>=|==|<|>) *([\d.]+)$/.exec(limit) ?? [];
      if (!aggregate || !values.has(metric)) {
        wrong.push(`${metric}: ${limit} means nothing to us`);
        continue;
      }
      const got = aggregated(values.get(metric), aggregate);
      const bound = Number(number) * (metric === 'http_req_duration' ? slack : 1);
      if (!compare[sign](got, bound)) {
        wrong.push(`${metric}: ${limit}: ${got}`);
      }
    }
  }
  return wrong;
}

function aggregated(list, aggregate) {
  const sorted = list.map(Number).sort((a, b) => a - b);
  const sum = sorted.reduce((a, b) => a + b, 0);
  switch (aggregate) {
    case 'count':
      return sum;
    case 'rate':
    case 'avg':
      return sum / sorted.length;
    case 'max':
      return sorted.at(-1);
    default: {
      const percent = aggregate === 'med' ? 50 : Number(aggregate.slice(2, -1));
      return sorted[Math.ceil((percent / 100) * sorted.length) - 1];
    }
  }
}
