// What all scripts share: where the service is, what it is asked, and what a right
// answer is.
import http from 'k6/http';
import { check } from 'k6';
import { Rate } from 'k6/metrics';

/** URL of the gateway. */
const gateway = __ENV.URL || 'http://127.0.0.1:8080';

/** URLs to have checked, as the service sees them, with commas. Each is asked once
 * per TTL, however much load there is. */
const targets = (__ENV.TARGETS || 'https://example.com/,https://example.net/,https://example.org/').split(',');

/** URLs of a request, here and in the repository's own load test. */
const batch = Math.min(5, targets.length);

/** The share of results that came from a cache. */
const cached = new Rate('hc_cached');

/** Limits that every script keeps, beside its own for latency. */
export const thresholds = {
  checks: ['rate==1'],
  http_req_failed: ['rate==0'],
  hc_cached: ['rate>0.99'],
};

/**
 * A request with some of the targets.
 * @param {string[]} urls
 */
function post(urls) {
  return http.post(`${gateway}/check`, JSON.stringify({ urls }), {
    headers: { 'Content-Type': 'application/json' },
    timeout: '60s',
  });
}

/** Has every target checked once, before the load: what counts is the service that
 * knows them. */
export function warm() {
  for (let i = 0; i < targets.length; i += 100) {
    const answer = post(targets.slice(i, i + 100));
    if (answer.status !== 200) {
      throw new Error(`${gateway}/check answers ${answer.status}: is \`hc serve gateway\` running there?`);
    }
  }
}

/** One batch, drawn at random, and whether its answer is right. */
export function checkBatch() {
  const first = Math.floor(Math.random() * targets.length);
  const urls = Array.from({ length: batch }, (_, i) => targets[(first + i) % targets.length]);
  const answer = post(urls);
  const results = answer.status === 200 ? /** @type {any} */ (answer.json('results')) : [];
  check(answer, {
    'status is 200': (r) => r.status === 200,
    'one result per URL, in order': () =>
      results.length === urls.length && results.every((/** @type {any} */ r, /** @type {number} */ i) => r.input === urls[i]),
  });
  for (const r of results) {
    cached.add(r.cached === true);
  }
}
