import { EspalierError } from '@espalier/core';
import { checkCertificate, readText, type ConnectionLimits, type ServedJob } from '@espalier/server';
import { type Command } from 'commander';
import { portNumber } from './flags/flag-numbers.js';
import { addLimitOptions } from './limit-options.js';
import type { OutputFormat, Terminal } from './terminal.js';
import { webFolder } from './web-app.js';
import { pathOf } from './path-of.js';

/** Flags of every command that coordinates clients over sockets. */
export interface HostFlags {
  readonly host: string;
  readonly port: number;
  readonly open?: boolean;
  readonly origin?: readonly string[];
  readonly publicUrl?: readonly string[];
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxFramesPerSecond: number;
  readonly maxBytesInFlight: number;
  readonly handshakeTimeout: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Adds {@link HostFlags} to a command. */
export function addHostOptions(command: Command): Command {
  return addLimitOptions(command)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on', portNumber, 7464)
    .option('--open', 'let clients in without a token')
    .option('--tls-cert <file>', 'certificate (PEM)', pathOf)
    .option('--tls-key <file>', 'private key (PEM)', pathOf);
}

/** Returns the limits of one address and of one connection that the flags set. */
export function limitsOf(flags: HostFlags): ConnectionLimits {
  return {
    origins: flags.origin ?? [],
    publicUrls: flags.publicUrl ?? [],
    connections: flags.maxConnections ?? Infinity,
    connectionsPerAddress: flags.maxConnectionsPerAddress,
    framesPerSecond: flags.maxFramesPerSecond,
    bytesInFlight: flags.maxBytesInFlight,
    handshakeSeconds: flags.handshakeTimeout,
  };
}

/**
 * Certificate and key of the flags; null without them.
 * @throws EspalierError `invalid_argument` for one without the other, or a certificate that is not valid now; `storage`.
 */
export async function tlsOf({ tlsCert, tlsKey }: HostFlags): Promise<{ cert: string; key: string } | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new EspalierError(
      'invalid_argument',
      '--tls-cert and --tls-key go together: give both, or neither',
    );
  }
  const tls = await readTls(tlsCert, tlsKey);
  checkCertificate(tls, new Date());
  return tls;
}

async function readTls(certificate: string, key: string): Promise<{ cert: string; key: string }> {
  return {
    cert: await readText(certificate, 'the certificate'),
    key: await readText(key, "the certificate's key"),
  };
}

/** Tells where clients come in: sentences for people, a line of JSON for programs. */
export function announce(
  served: Pick<ServedJob, 'url' | 'joinToken' | 'adminToken' | 'folder'>,
  { open = false, publicUrl = [], clients, format }: Announcement,
  terminal: Terminal,
): void {
  const { url, joinToken, adminToken, folder } = served;
  if (format === 'json')
    terminal.out(
      JSON.stringify({ listening: { url, publicUrls: publicUrl, joinToken, adminToken, folder } }),
    );
  else terminal.note(invitation({ ...served, clients, open, shown: publicUrl[0] ?? url }));
}

/** Content of an announcement besides addresses and tokens. */
export interface Announcement {
  readonly open?: boolean;
  /** Addresses at which others reach it; links name the first. */
  readonly publicUrl?: readonly string[];
  /** Clients that the job waits for. */
  readonly clients: number;
  readonly format: OutputFormat;
}

type Invitation = Pick<ServedJob, 'url' | 'joinToken' | 'adminToken' | 'folder'> & {
  readonly clients: number;
  readonly open: boolean;
  /** The address that links name. */
  readonly shown: string;
};

function invitation({ url, shown, joinToken, adminToken, clients, folder, open }: Invitation): string {
  const token = joinToken ?? (open ? null : '<token as before>');
  const pages = webFolder() !== null;
  return [
    `Listening on ${url} for ${clients} clients. On each of them:`,
    `  espalier join ${shown}${token === null ? '' : ` --token ${token}`} --data <folder>`,
    ...(pages ? [`Or in a browser:  ${shown}/join${token === null ? '' : `#token=${token}`}`] : []),
    ...(pages ? [`Watch:   ${shown}/#admin=${adminToken ?? '<admin token as before>'}`] : []),
    `Status:  curl -H 'Authorization: Bearer ${adminToken ?? '<admin token as before>'}' ${shown}/admin/status`,
    `Run folder: ${folder}`,
  ].join('\n');
}
