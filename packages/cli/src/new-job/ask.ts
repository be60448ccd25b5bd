import { cancel, isCancel, select, text } from '@clack/prompts';
import { EspalierError, zooNames } from '@espalier/core';
import type { NewFlags } from './new-flags.js';
import { byteSize } from '../flags/flag-numbers.js';

/** Asks a person for what the flags leave open. @throws EspalierError `stopped` when they leave. */
export async function askForRest(flags: NewFlags): Promise<NewFlags> {
  const data =
    flags.data ??
    (await answer(
      text({
        message: 'Folder of the data? (empty: procedural images)',
        placeholder: 'photos',
        defaultValue: '',
      }),
    ));
  const model =
    flags.model ??
    (await answer(
      select({
        message: 'Which network?',
        options: zooNames().map((value) => ({ value, label: value })),
        initialValue: 'cnn-small',
      }),
    ));
  const density =
    flags.density ??
    Number(
      await answer(
        text({ message: 'Share of the weights to keep?', initialValue: '0.1', validate: shareProblem }),
      ),
    );
  const budget =
    flags.budget ??
    sizeOf(
      await answer(
        text({
          message: 'Bytes that one client may move in the whole run? (empty: no limit)',
          placeholder: '50MB',
          defaultValue: '',
          validate: sizeProblem,
        }),
      ),
    );
  return {
    ...flags,
    ...(data === '' ? {} : { data }),
    model,
    density,
    ...(budget === null ? {} : { budget }),
  };
}

async function answer<Value>(asked: Promise<Value | symbol>): Promise<Value> {
  const value = await asked;
  if (!isCancel(value)) return value;
  cancel('Nothing was written.');
  throw new EspalierError('stopped', 'nothing was written');
}

function shareProblem(value: string | undefined): string | undefined {
  const share = Number(value);
  return share > 0 && share <= 1 ? undefined : 'Give a number above 0 and at most 1.';
}

function sizeOf(value: string): number | null {
  return value.trim() === '' ? null : byteSize(value);
}

function sizeProblem(value: string | undefined): string | undefined {
  try {
    sizeOf(value ?? '');
    return undefined;
  } catch {
    return 'Give a size such as 50MB, or nothing.';
  }
}
