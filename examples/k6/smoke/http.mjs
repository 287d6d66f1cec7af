// k6/http: post, which waits for its answer. Node has no such call: a thread sends,
// and this one sleeps until it is done.
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { add } from './metrics.mjs';

const { port1: here, port2: there } = new MessageChannel();
const bell = new Int32Array(new SharedArrayBuffer(4));
const sender = new Worker(new URL('./sender.mjs', import.meta.url), { workerData: { there, bell }, transferList: [there] });
sender.unref();

function post(url, body, { headers = {}, timeout = '60s' } = {}) {
  Atomics.store(bell, 0, 0);
  const began = performance.now();
  here.postMessage({ url, body, headers, timeout: parseFloat(timeout) * 1000 });
  Atomics.wait(bell, 0, 0);
  const { status, text } = receiveMessageOnPort(here).message;
  add('http_reqs', 1);
  add('http_req_duration', performance.now() - began);
  add('http_req_failed', status < 200 || status >= 400);
  return { status, body: text, json: (key) => (key ? JSON.parse(text)[key] : JSON.parse(text)) };
}

export const close = () => here.close();

export default { post };
