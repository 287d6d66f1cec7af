// k6: check.
import { addCheck } from './metrics.mjs';

export function check(value, conditions) {
  let all = true;
  for (const [name, holds] of Object.entries(conditions)) {
    const ok = Boolean(holds(value));
    addCheck(name, ok);
    all &&= ok;
  }
  return all;
}
