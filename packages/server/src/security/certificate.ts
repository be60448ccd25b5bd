import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { EspalierError } from '@espalier/core';

/**
 * Looks at a certificate before anybody connects to it, for clients would only say that they do not trust it.
 * @throws EspalierError `invalid_argument` when it is none, is not valid at that time, or does not belong to the key.
 */
export function checkCertificate(
  { cert, key }: { readonly cert: string; readonly key: string },
  now: Date,
): void {
  const certificate = parsed('certificate', () => new X509Certificate(cert));
  const privateKey: KeyObject = parsed('private key', () => createPrivateKey(key));
  const { validFrom, validTo, subject } = certificate;
  const name = subject.split('\n').join(', ');
  if (now > new Date(validTo)) {
    throw invalid(
      `the certificate of ${name} expired on ${validTo}: renew it, or look at this machine's clock`,
    );
  }
  if (now < new Date(validFrom)) {
    throw invalid(
      `the certificate of ${name} is valid from ${validFrom}, now it is ${now.toUTCString()}: look at this machine's clock`,
    );
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw invalid(`the private key does not belong to the certificate of ${name}: give the pair`);
  }
}

function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw invalid(
      `the ${what} cannot be read (${error instanceof Error ? error.message : String(error)}): give a PEM file`,
    );
  }
}

function invalid(sentence: string): EspalierError {
  return new EspalierError('invalid_argument', sentence);
}
