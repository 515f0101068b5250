/** @tools rclone */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ObjectStore } from './support/object-store';
import { scratchFolder } from './support/process';
import { proof } from './support/proof';

const checksum = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Larger than what one request carries, as it is set here. */
const MEGABYTES = 60;
const PARTS = { RCLONE_S3_UPLOAD_CUTOFF: '8Mi', RCLONE_S3_CHUNK_SIZE: '8Mi' };

proof('the object store gives back what it was given', async () => {
  const store = await ObjectStore.start();
  store.createBucket('backups');
  const folder = scratchFolder('files');
  const [given, back] = [join(folder, 'given'), join(folder, 'back')];
  writeFileSync(given, randomBytes(MEGABYTES * 1024 * 1024));

  const began = Date.now();
  store.rclone(['copyto', given, 'store:backups/base/one.tar'], PARTS);
  await store.kill();
  await store.start();
  store.rclone(['copyto', 'store:backups/base/one.tar', back]);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  expect(checksum(back)).toBe(checksum(given));
  expect(store.rclone(['lsf', '-R', '--files-only', 'store:backups']).trim()).toBe('base/one.tar');
  return `${MEGABYTES} MB in parts, there and back with the same checksum in ${seconds} s`;
});

proof('the object store refuses wrong credentials', async () => {
  const store = await ObjectStore.start();
  store.createBucket('backups');
  store.rclone(['lsd', 'store:']);
  const wrong = { RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: 'wrong' };
  expect(() => store.rclone(['lsf', 'store:backups'], wrong)).toThrow('SignatureDoesNotMatch');
  return 'refused';
});
