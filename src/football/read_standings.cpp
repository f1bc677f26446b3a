#include <utility>

#include "football/fields.hpp"
#include "football/readers.hpp"

namespace football {
namespace {

using base::Code;
using decode::Kind;
using decode::Value;

Standing standing_of(const Value& row) {
  Standing standing;
  standing.rank = small(at(row, {"rank"}), 1, 10'000).value_or(0);
  standing.team = {integer(at(row, {"team", "id"}), 1, max_id).value_or(0), text(at(row, {"team", "name"}))};
  standing.group = text(at(row, {"group"}));
  standing.points = small(at(row, {"points"}), -10'000, 10'000).value_or(0);
  const Value all = at(row, {"all"});
  standing.played = small(at(all, {"played"}), 0, 10'000).value_or(0);
  standing.goals_for = small(at(all, {"goals", "for"}), 0, 100'000).value_or(0);
  standing.goals_against = small(at(all, {"goals", "against"}), 0, 100'000).value_or(0);
  for (const char letter : text(at(row, {"form"}), 40))
    if (letter == 'W' || letter == 'D' || letter == 'L') standing.form += letter;
  return standing;
}

}  // namespace

base::Result<Standings> read_standings(const Value& response) {
  if (response.kind() != Kind::array) return base::error(Code::invalid_data, "the list of tables is no list");
  Standings tables;
  std::size_t rows = 0;
  for (const Value& item : response.items())
    for (const Value& group : at(item, {"league", "standings"}).items()) {
      std::vector<Standing> table;
      for (const Value& row : group.items()) {
        ++rows;
        Standing standing = standing_of(row);
        if (standing.rank > 0 && standing.team.id > 0) table.push_back(std::move(standing));
      }
      if (!table.empty()) tables.push_back(std::move(table));
    }
  if (tables.empty() && rows > 0)
    return base::error(Code::invalid_data, "none of {} rows of the table can be read", rows);
  return tables;
}

}  // namespace football
