// What every page does. Each module does one thing and is silent where its elements are missing.
import "./appearance.js";
import "./tooltip.js";
import "./dialogs.js";
import "./toasts.js";
import "./copying.js";
import "./navigating.js";
import "./live.js";
