// The descriptor tables of the settings that all our programs have. Internal to this folder.
#pragma once

#include <string>

#include "config/descriptor.hpp"
#include "config/shared_settings.hpp"

namespace config {

Table<LogSettings> log_table(std::string files);  // which there are, in a sentence
Table<HttpSettings> http_table();
Table<ListenSettings> listen_table(const std::string& default_address);

Type<std::string> listen_address(bool may_be_off);  // numeric address and port

}  // namespace config
