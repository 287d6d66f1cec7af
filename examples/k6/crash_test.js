// More and more users, without a pause, until nothing more comes of it: where is
// the limit, and does the service bear it without an error? The seed of this
// project had a test of that name.
import { checkBatch, thresholds, warm } from './lib/service.js';

/** @type {import('k6/options').Options} */
export const options = {
  stages: [
    { duration: '30s', target: 50 },
    { duration: '1m', target: 200 },
    { duration: '1m', target: 200 },
    { duration: '30s', target: 0 },
  ],
  thresholds: { ...thresholds, http_req_duration: ['p(95)<500', 'p(99)<1500'] },
};

export const setup = warm;

export default checkBatch;
