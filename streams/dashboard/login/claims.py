"""What is said of somebody by whom we believe -> what they may see. What is not understood lets nobody see anything."""

from collections.abc import Iterable

from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer, platform


def viewer_by_groups(settings: DashboardSettings, name: str, groups: Iterable[object]) -> Viewer:
    """Somebody of these groups: that of the platform sees all, `partner:acme` the apps of partner acme."""
    named = {group for group in groups if isinstance(group, str)}
    if settings.dashboard_platform_group in named:
        return platform(name, is_manager=settings.dashboard_manager_group in named)
    prefix = settings.dashboard_partner_prefix
    partners = {group.removeprefix(prefix) for group in named if group.startswith(prefix)}
    return Viewer(name, frozenset(partners - {""}))
