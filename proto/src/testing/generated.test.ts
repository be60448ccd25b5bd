import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from '@jest/globals';

it('the generated code is what the .proto files give', () => {
  const tool = path.join(__dirname, '..', '..', '..', 'tools', 'generate.mjs');

  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' });

  expect({ status, stdout, stderr }).toMatchObject({ status: 0, stdout: 'generated code is current\n' });
});
