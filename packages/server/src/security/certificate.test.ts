import { describe, expect, it } from '@jest/globals';
import { CERTIFICATE, KEY, OTHER_KEY } from '../testing/certificates.js';
import { checkCertificate } from './certificate.js';

const at = (date: string): Date => new Date(date);

describe('a certificate', () => {
  it('is taken with its own key, while it is valid', () => {
    expect(() => {
      checkCertificate({ cert: CERTIFICATE, key: KEY }, at('2030-01-01'));
    }).not.toThrow();
  });

  it.each([
    ['that has expired', CERTIFICATE, KEY, '2200-01-01', 'the certificate of CN=espalier.example expired on'],
    ['of the future', CERTIFICATE, KEY, '2020-01-01', 'look at this machine’s clock'],
    ['with the key of another', CERTIFICATE, OTHER_KEY, '2030-01-01', 'does not belong to the certificate'],
    ['that is none', 'hello', KEY, '2030-01-01', 'the certificate cannot be read'],
    ['with a key that is none', CERTIFICATE, 'hello', '2030-01-01', 'the private key cannot be read'],
  ])('%s is refused', (...[, cert, key, now, message]) => {
    expect(() => {
      checkCertificate({ cert, key }, at(now));
    }).toThrow(message.replace('’', "'"));
  });
});
