import { EspalierError, type PlainNode } from '@espalier/core';
import type { IndexCoding, ValueCoding } from '@espalier/core/formats';
import { v1 } from '../wire.js';
import { malformed } from '../failure.js';

/*
 * Every enum of the wire with its domain word. The tables are typed by the enum's names, so a new value fails the
 * build until it has a word; null marks the value that must not be sent.
 */
type EnumTable<Names extends string, Word> = Readonly<Record<Names, Word | null>>;

/** The two padding modes that have a name. */
export type NamedPadding = 'same' | 'valid';

const PLAIN_OPS: EnumTable<keyof typeof v1.PlainOp, PlainNode['op']> = {
  PLAIN_OP_UNSPECIFIED: null,
  PLAIN_OP_RELU: 'relu',
  PLAIN_OP_RELU6: 'relu6',
  PLAIN_OP_ADD: 'add',
  PLAIN_OP_CONCAT: 'concat',
  PLAIN_OP_GLOBAL_AVG_POOL: 'globalAvgPool',
  PLAIN_OP_GLOBAL_MAX_POOL: 'globalMaxPool',
  PLAIN_OP_FLATTEN: 'flatten',
};

const PADDING_MODES: EnumTable<keyof typeof v1.PaddingMode, NamedPadding> = {
  PADDING_MODE_UNSPECIFIED: null,
  PADDING_MODE_SAME: 'same',
  PADDING_MODE_VALID: 'valid',
};

const INDEX_CODINGS: EnumTable<keyof typeof v1.IndexCoding, IndexCoding> = {
  INDEX_CODING_UNSPECIFIED: null,
  INDEX_CODING_RICE: 'rice',
  INDEX_CODING_BITMAP: 'bitmap',
  INDEX_CODING_DENSE: 'dense',
};

const VALUE_KINDS: EnumTable<keyof typeof v1.ValueKind, ValueCoding['kind']> = {
  VALUE_KIND_UNSPECIFIED: null,
  VALUE_KIND_FLOAT32: 'float32',
  VALUE_KIND_FLOAT16: 'float16',
  VALUE_KIND_LEVELS: 'levels',
};

/** Both directions of one enum. */
export interface EnumCodec<Word extends string, Value extends number> {
  toNumber(word: Word): Value;
  /** @throws EspalierError `malformed_message` on a value without a word. */
  toWord(value: number | undefined): Word;
}

/** Ops without attributes. */
export const plainOp = enumCodec('plain op', v1.PlainOp, PLAIN_OPS);
/** Padding by name. */
export const paddingMode = enumCodec('padding mode', v1.PaddingMode, PADDING_MODES);
/** Value codings. */
export const valueKind = enumCodec('value kind', v1.ValueKind, VALUE_KINDS);
/** Index codings. */
export const indexCoding = enumCodec('index coding', v1.IndexCoding, INDEX_CODINGS);

function enumCodec<Names extends string, Word extends string, Value extends number>(
  what: string,
  numbers: Readonly<Record<Names, Value>>,
  words: EnumTable<Names, Word>,
): EnumCodec<Word, Value> {
  const toNumber = new Map<Word, Value>();
  const toWord = new Map<number, Word>();
  for (const name of Object.keys(words) as Names[]) {
    const word = words[name];
    if (word === null) continue;
    toNumber.set(word, numbers[name]);
    toWord.set(numbers[name], word);
  }
  return {
    toNumber: (word) => {
      const value = toNumber.get(word);
      if (value !== undefined) return value;
      throw new EspalierError('invalid_argument', `${what} ${word} has no number on the wire`);
    },
    toWord: (value = 0) => {
      const word = toWord.get(value);
      if (word !== undefined) return word;
      throw malformed(`${what} ${value} is not known`, { value });
    },
  };
}
