// JavaRosa in a process of its own (JavaRosa.java), asked form by form.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Starts it; `jar` is an ODK_Validate.jar. */
export function start(jar) {
  const source = fileURLToPath(new URL('JavaRosa.java', import.meta.url));
  const options = ['-Xshare:auto', '-XX:TieredStopAtLevel=1', '-cp', jar, source];
  const child = spawn('java', options, { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const gone = (why) => waiting.splice(0).forEach((one) => one.reject(new Error(`JavaRosa: ${why}`)));
  child.on('error', (error) => gone(error.message));
  child.on('exit', (code) => gone(`ended with ${code}`));
  return {
    /** The state of a form after answers, as `ruhu form run --json` prints it; or its `error`. */
    state: (xform, files, answers) => new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify({ xform, files, answers })}\n`);
    }),
    end: () => child.stdin.end(),
  };
}
