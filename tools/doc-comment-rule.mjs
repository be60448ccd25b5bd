/** First words that make a doc comment a fragment: it is to begin with a verb or a noun phrase. */
const RELATIVE = /^(What|Of|Where|Who|Whose|How|Which|Those|Whether)\b/;

/**
 * Relative word that a block comment begins with, after the stars of its lines; null when there is none.
 * @param {string} text
 */
function relativeWord(text) {
  return RELATIVE.exec(text.replace(/^[\s*]+/, ''))?.[1] ?? null;
}

/**
 * ESLint rule that refuses doc comments, on exports and elsewhere, that begin with a relative word.
 * @type {import('eslint').Rule.RuleModule}
 */
const docCommentStart = {
  meta: {
    type: 'suggestion',
    docs: { description: 'Doc comments begin with a verb or a noun phrase.' },
    messages: {
      relative:
        "A doc comment begins with a verb or a noun phrase, not with '{{word}}'. Name the thing, or say what it does.",
    },
    schema: [],
  },
  create(context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          if (comment.type !== 'Block' || !comment.value.startsWith('*')) continue;
          const word = relativeWord(comment.value);
          if (word === null || !comment.loc) continue;
          context.report({ loc: comment.loc, messageId: 'relative', data: { word } });
        }
      },
    };
  },
};

/** Rules of this repository's own. */
export const houseRules = { rules: { 'doc-comment-start': docCommentStart } };
