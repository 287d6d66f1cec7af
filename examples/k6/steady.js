// A fixed rate, whether answers come or not: what latency has a caller at 971
// requests per second, the rate that the seed of this project reached?
import { checkBatch, thresholds, warm } from './lib/service.js';

/** @type {import('k6/options').Options} */
export const options = {
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate: 971,
      timeUnit: '1s',
      duration: '1m',
      preAllocatedVUs: 50,
      maxVUs: 500,
    },
  },
  thresholds: { ...thresholds, http_req_duration: ['med<10', 'p(99)<100'], dropped_iterations: ['count==0'] },
};

export const setup = warm;

export default checkBatch;
