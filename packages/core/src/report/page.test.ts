import { describe, expect, it } from '@jest/globals';
import { EspalierError } from '../errors.js';
import { REPORT_SLOT, reportPage } from './page.js';

describe('reportPage', () => {
  it('puts the data into the slot, and nothing in them can close the element', () => {
    const page = reportPage(`<body>${REPORT_SLOT}</body>`, { title: '</script><b>$& é' });
    const json = /application\/json">(.*)<\/script><\/body>/.exec(page)?.[1];
    expect(page).not.toContain('</script><b>');
    expect(JSON.parse(json ?? '')).toEqual({ title: '</script><b>$& é' });
  });

  it.each(['<body></body>', REPORT_SLOT + REPORT_SLOT])('refuses the template %p', (template) => {
    expect(() => reportPage(template, {})).toThrow(EspalierError);
  });
});
