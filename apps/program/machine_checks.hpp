// What is asked of the machine before a program starts: clock, time zones, folders, disks, the port to listen
// on. Each answers in 10 s at the latest, as far as the operating system lets it, and changes nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "config/shared_settings.hpp"
#include "program/findings.hpp"
#include "web/address.hpp"

namespace program {

Finding check_clock(base::WallTime now);
// `ahead`: how much our clock is before that of the database server.
Finding check_clock_of(const std::string& database, base::Duration ahead);
Finding check_time_zones();

// Files can be made in it; or the folder itself can be, where it is missing.
Finding check_folder(const std::string& check, const std::filesystem::path& folder,
                     const std::string& setting);

// The nearest folder that exists, on the way up.
std::filesystem::path existing_folder(std::filesystem::path path);
std::optional<std::uint64_t> free_space(const std::filesystem::path& folder);  // for us; nothing: unknown
Finding check_disk(const std::string& check, const std::filesystem::path& folder,
                   std::optional<std::uint64_t> free);

// Whether `program` ("pulse") could listen there: the port is free, or it answers on it already. `patience`:
// for that answer.
Finding check_listen(const web::Address& address, std::string_view program,
                     std::chrono::milliseconds patience);
// The same of the setting, with all that web::Guard asks of an address. Nothing if it is off.
std::optional<Finding> check_listening(const config::ListenSettings& listen, std::string_view program);

}  // namespace program
