// What is wrong with what the user wrote, where, and what to do. Readers add faults and go on, so that one
// run shows all of them.
//
//   collectors/nvd.yaml:7:12: requester.timeout: "soon" is not a duration; write 30s, 15m, 1h, 2d, 1w, 3mo or
//   1y
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

// Lines and columns count from 1, columns in characters. `origin` instead of a position for what stands in no
// file:
// "--set requester.path", "PULSE_LOGS__LEVEL".
struct Mark {
  int line = 0;
  int column = 0;
  std::string origin{};
};

struct Fault {
  std::string file;
  Mark mark;
  std::string key;      // requester.timeout; "" for faults of the YAML itself
  std::string message;  // what is wrong
  std::string remedy;   // what is allowed, or what to do
  std::string text() const;
};

inline constexpr std::size_t max_faults_shown = 100;  // of one file

class Faults {
 public:
  void add(Fault fault) { list_.push_back(std::move(fault)); }
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  std::vector<Fault> sorted() const;  // by file and position; each once
  // One a line; of each file only the first hundred, and how many more there are.
  std::string text() const;

 private:
  std::vector<Fault> list_;
};

}  // namespace config
