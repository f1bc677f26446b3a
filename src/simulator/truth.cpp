#include <nlohmann/json.hpp>

#include "simulator/world.hpp"

namespace simulator {

// Kept apart from the writers of the bodies on purpose: a fault in one of the two shows as a difference.
std::string truth(const std::vector<Record>& records) {
  const auto to_json = []<class T>(const T& value) -> nlohmann::json {
    if constexpr (std::is_same_v<T, RawJson>)
      return nlohmann::json::parse(value.text, nullptr, /*allow_exceptions=*/false);
    else if constexpr (std::is_same_v<T, Decimal>)
      return value.text;
    else
      return value;
  };
  auto rows = nlohmann::ordered_json::array();
  for (const Record& record : records) {
    auto row = nlohmann::ordered_json::object();
    for (const Field& field : record) row[field.name] = std::visit(to_json, field.value);
    rows.push_back(std::move(row));
  }
  return rows.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
}

}  // namespace simulator
