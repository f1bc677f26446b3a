// How a program is, as groups of facts: a page, its JSON, and the probes. For programs whose state is no list
// of collectors. Every text may come from outside: it is escaped here. Functions of a FactSource are called
// on the server's threads, several at once.
//
//   auto server = TRY(Server::start(options, fact_routes(source, clock), clock));
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "web/page_frame.hpp"
#include "web/probes.hpp"

namespace web {

struct Fact {
  std::string key;    // for programs: "queue.used"
  std::string name;   // for people: "In the queue"
  std::string value;  // for both: "12", "3.2 s"
};
struct FactGroup {
  std::string title;
  std::vector<Fact> facts{};
};
struct Facts {
  Frame frame{};  // `now` is filled in
  std::vector<FactGroup> groups{};
};

std::string facts_page(const Facts& facts);
std::string facts_json(const Facts& facts);

class FactSource : public Probes {
 public:
  virtual Facts facts() = 0;
};
// / (page), /api/v1/status (JSON) and the probes. Source and clock must outlive the server.
std::vector<Route> fact_routes(FactSource& source, const base::Clock& clock);

}  // namespace web
