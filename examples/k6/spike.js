// Eight times the usual rate within seconds, and back: is anybody turned away, and
// is the service itself again afterwards?
import { checkBatch, thresholds, warm } from './lib/service.js';

/** @type {import('k6/options').Options} */
export const options = {
  scenarios: {
    spike: {
      executor: 'ramping-arrival-rate',
      startRate: 250,
      timeUnit: '1s',
      stages: [
        { duration: '20s', target: 250 },
        { duration: '5s', target: 2000 },
        { duration: '20s', target: 2000 },
        { duration: '5s', target: 250 },
        { duration: '20s', target: 250 },
      ],
      preAllocatedVUs: 100,
      maxVUs: 1000,
    },
  },
  thresholds: { ...thresholds, http_req_duration: ['p(95)<200'] },
};

export const setup = warm;

export default checkBatch;
