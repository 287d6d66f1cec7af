// The thread that sends for http.mjs. Status 0 is no answer, as k6 has it.
import { workerData } from 'node:worker_threads';

const { there, bell } = workerData;

there.on('message', async ({ url, body, headers, timeout }) => {
  let answer;
  try {
    const response = await fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(timeout) });
    answer = { status: response.status, text: await response.text() };
  } catch (error) {
    answer = { status: 0, text: String(error.cause ?? error) };
  }
  there.postMessage(answer);
  Atomics.store(bell, 0, 1);
  Atomics.notify(bell, 0);
});
