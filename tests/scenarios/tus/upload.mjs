// The tus client that the tablet's app carries, as it is: sends one file and says what it believes.
//
//   node upload.mjs SERVER TOKEN FILE SHA256 [PATH OF AN UPLOAD THAT WAS BEGUN]
//
// Prints one line of JSON: {"success": true or false, "status": …, "path": …}.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(new URL('../../../web/package.json', import.meta.url));
const { Upload } = require('tus-js-client');
const [server, token, file, sha256, begun] = process.argv.slice(2);

function tell(success, status = null) {
  const path = upload.url ? new URL(upload.url).pathname : null;
  console.log(JSON.stringify({ success, status, path }));
}

const upload = new Upload(readFileSync(file), {
  endpoint: `${server}/sync/v1/uploads`,
  uploadUrl: begun ? server + begun : null,
  chunkSize: 256 * 1024,
  retryDelays: [0],
  metadata: { sha256, filetype: 'image/jpeg' },
  headers: { Authorization: `Bearer ${token}` },
  onSuccess: () => tell(true),
  onError: (error) => tell(false, error.originalResponse?.getStatus() ?? 0),
});
upload.start();
