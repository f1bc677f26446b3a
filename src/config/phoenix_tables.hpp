// The descriptor tables of phoenix.yaml. Internal to this folder.
#pragma once

#include "config/descriptor.hpp"
#include "config/phoenix_settings.hpp"

namespace config {

Type<TelegramSettings> telegram_settings();
Type<FootballSettings> football_settings();
Table<PhoenixSettings> phoenix_table();

}  // namespace config
