// A usual rate for an hour (or __ENV.DURATION): does memory, latency or the number
// of connections creep up? Watch the dashboards meanwhile.
import { checkBatch, thresholds, warm } from './lib/service.js';

/** @type {import('k6/options').Options} */
export const options = {
  scenarios: {
    soak: {
      executor: 'constant-arrival-rate',
      rate: 500,
      timeUnit: '1s',
      duration: __ENV.DURATION || '1h',
      preAllocatedVUs: 50,
      maxVUs: 500,
    },
  },
  thresholds: { ...thresholds, http_req_duration: ['p(99)<100'] },
};

export const setup = warm;

export default checkBatch;
