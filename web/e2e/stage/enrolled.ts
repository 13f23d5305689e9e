/** A tablet that is enrolled, without anybody at it. */

import { generateKeyPairSync } from 'node:crypto';
import { expect } from '@playwright/test';
import type { Server } from './server';

export async function enrolled(server: Server, code: string, label = '另一台'): Promise<void> {
  const { publicKey } = generateKeyPairSync('ed25519');
  const body = JSON.stringify({ code, public_key: publicKey.export({ format: 'jwk' }).x!, label });
  const taken = await fetch(`${server.address}/api/v1/devices/enrol`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  expect(taken.status).toBe(201);
}
