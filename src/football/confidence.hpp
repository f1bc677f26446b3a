// How sure a statement is, 0 to 10, from its probability alone: neither odds nor the kind of game change it,
// so that two statements of different markets compare. Pure.
//
//   confidence(0.60);      // 6.5
#pragma once

namespace football {

// `probability` 0 … 1. Rises with it: 0.45 → 5, 0.55 → 6, 0.75 → 8, 0.85 → 9, 1 → 10; never below 1.
double confidence(double probability);

}  // namespace football
