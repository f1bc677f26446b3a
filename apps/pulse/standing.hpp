// How all collectors stand now: what `pulse status` shows.
#pragma once

#include "base/result.hpp"
#include "web/status.hpp"

namespace pulse {

class App;

// invalid_config: the folder of collectors cannot be used at all.
base::Result<web::Status> current_status(App& app);

}  // namespace pulse
