import { toEspalierError } from '@espalier/core';
import { LoadFleet } from './load-fleet.js';
import type { LoadOrder, LoadReport } from './orders.js';

let fleet: LoadFleet | null = null;

process.on('message', (order: LoadOrder) => {
  void obey(order).then(tell, (error: unknown) => {
    tell({ kind: 'failed', message: toEspalierError(error).message });
  });
});
process.on('disconnect', () => process.exit(0));

function obey(order: LoadOrder): Promise<LoadReport> {
  if (order.kind === 'join') {
    fleet = new LoadFleet(order);
    return fleet.joinAll();
  }
  if (fleet === null) throw new Error(`${order.kind} before join`);
  switch (order.kind) {
    case 'connect':
      return fleet.connectBare(order.url);
    case 'await':
      return fleet.ready(order.round);
    case 'upload':
      return fleet.upload();
    case 'reference':
      return fleet.reference();
  }
}

function tell(report: LoadReport): void {
  process.send?.(report);
}
