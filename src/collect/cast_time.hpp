// Dates and times, from any of the field's formats, to ISO 8601. Internal to this folder. Thread-safe.
//
//   timestamp        the instant, in UTC; a time that names no zone is one of field.timezone, or refused
//   timestamp_local  what the clocks show: as it was written, or in field.timezone if a zone was named
//   date             that clock's date. iso8601 takes a time of day only if it is midnight; of the other
//                    formats, and epochs (UTC unless field.timezone says else), the time of day is let go
//
// Of a local time that occurs twice, the earlier; one that the clocks leap over is the leap's end.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "base/iso8601.hpp"
#include "collect/cast_misfit.hpp"
#include "config/reading.hpp"
#include "expr/template_time.hpp"

namespace collect {

class TimeCast {
 public:
  // The error says what is wrong with the field's zone, formats or range. `field` must outlive it.
  static tl::expected<TimeCast, std::string> make(const config::Field& field);

  Cast cast(std::string_view text, std::pmr::memory_resource& arena) const;

 private:
  enum class Form { iso8601, rfc822, epoch, epoch_ms, pattern };
  struct Format {
    Form form = Form::iso8601;
    std::string text{};
  };
  template <class T>
  using Read = tl::expected<T, std::string>;

  explicit TimeCast(const config::Field& field) : field_(&field) {}
  Read<base::WallTime> place(const base::WrittenTime& time, Form form) const;
  Cast write(base::WallTime time, std::string_view text, std::pmr::memory_resource& arena) const;
  std::string not_written(std::string_view fault) const;

  const config::Field* field_;
  std::vector<Format> formats_;
  std::optional<expr::Zone> zone_;
  std::optional<std::pair<base::WallTime, base::WallTime>> range_;
};

}  // namespace collect
