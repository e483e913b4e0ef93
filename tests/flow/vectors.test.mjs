// The vectors of other projects and standards; script/vectors.mjs runs the same from the command line.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { areas, checkArea, inWords, usualFolder } from '../../script/vectors.mjs';

const skip = existsSync(usualFolder) ? false : 'skipped: no vectors';

describe('every shared vector that must agree does:', { skip }, () => {
  for (const area of Object.keys(areas))
    it(area, (t) => {
      const result = checkArea(area);
      t.diagnostic(`${area}: ${inWords(result)}`); // the unsupported ones are counted aloud
      assert.deepEqual(result.faults, []);
      assert.ok(result.passed > 100, 'the vectors were read');
    });
});
