import { tinyJobText } from '@espalier/server/testing';

/** A job that runs in seconds on the slowest backend and goes through every step. */
export const TINY_JOB = tinyJobText({ roundTimeout: 60 });
