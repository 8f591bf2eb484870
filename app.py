"""The app: page set-up and navigation, nothing else. Run it with `outlet-planner app`."""

import streamlit as st

from planner.pages import server
from planner.pages.frame import navigation

if __name__ == "__main__":  # Streamlit runs this anew for whatever a reader does
    st.set_page_config(page_title="Outlet network planner", page_icon="🔋", layout="wide")
    navigation().run()
else:  # a server imports it
    app = st.App(__file__, routes=server.routes(), middleware=server.middleware(), lifespan=server.lifespan)
